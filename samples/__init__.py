"""Pictures that Babelpix can make by itself, to try it out and to train on."""
