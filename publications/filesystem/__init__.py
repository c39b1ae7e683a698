"""Files and folders written so that they last, and the points at which tests interrupt."""
