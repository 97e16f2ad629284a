"""`python -m training MODEL... --data FILE --out ZOO`: what `menagerie train` starts."""

from training.command import main

if __name__ == "__main__":
    main()
