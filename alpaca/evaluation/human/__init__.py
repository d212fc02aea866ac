"""People as judges, who do not know whose answer they see."""
