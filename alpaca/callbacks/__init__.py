"""What happens between optimizer steps."""
