"""Networks with their tokenizers."""
