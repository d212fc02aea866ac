"""How the training is spread over devices."""
