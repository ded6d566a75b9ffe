"""The compiler's limits on what one circuit may hold: beyond them an error, not a dead machine."""

INTEGER_LIMIT = 2**63 - 1
"""Largest magnitude of an integer in a circuit file."""

SOURCE_BYTES = 16 * 2**20
"""Largest circuit file."""

NESTING_LIMIT = 32
"""Deepest nesting of brackets and signs in an expression."""

TERM_LIMIT = 500
"""Most operands of one sum, product or comparison."""

RULE_TERM_LIMIT = 64
"""Most terms of a multiplied-out learning rule."""

FACTOR_LIMIT = 16
"""Most factors of a product in a learning rule."""

PROJECTION_LIMIT = 200_000
"""Most projections of a circuit, those of chains and gates included."""

CHAIN_LIMIT = 100_000
"""Most relays of a chain."""

NEURON_LIMIT = 10**8
"""Most neurons and input generators of a circuit."""

SYNAPSE_LIMIT = 2**31
"""Most entries of a plastic matrix."""

SIMULATED_BYTES = 8 * 2**30
"""Most memory that a simulator takes for the state and the weights of a circuit."""

DEPTH_LIMIT = 150
"""Most expressions and definitions that wait for one another while one is computed."""

TOKEN_LIMIT = 500_000
"""Most words and signs of a file."""

STATEMENT_TOKEN_LIMIT = 20_000
"""Most words and signs between two of ``; { }``."""

NAME_LIMIT = 200
"""Longest name, in characters."""

SYNAPSE_TABLE_LIMIT = 2 * 10**7
"""Most synapses of a circuit that are kept one by one, where a pattern is more than a word."""

REAL_WEIGHT_LIMIT = 2.0**31
"""Largest magnitude of a weight that is to be quantised, in weight units."""

PAIR_LIMIT = 10**6
"""Most synapses that the index variables of one projection make."""

EXPANSION_LIMIT = 500_000
"""Most statements after modules, loops and conditions are expanded, and what they do in phases."""

INSTANCE_DEPTH_LIMIT = 32
"""Deepest nesting of instances and named loops."""

ARRAY_LIMIT = 10**6
"""Most elements of all arrays of a circuit together."""

IMPORT_LIMIT = 100
"""Most files that one circuit imports, directly or not."""

CORE_LIMIT = 10**6
"""Cores that a statement on the placement can name: 0 to one less."""

TEST_FRAME_LIMIT = 10**6
"""Longest run of a test, in frames or steps."""
