"""curvedx reads the curves a training run logged and says what is wrong with the run."""
