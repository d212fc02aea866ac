"""`python -m alpaca <stage>`, the same as `alpaca <stage>`."""

from alpaca.stage import main

if __name__ == "__main__":
    main()
