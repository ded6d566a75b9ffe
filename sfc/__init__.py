"""sfc: the compiler for synfire-gated neuromorphic circuits."""
