"""What half precision would cost: the parity fixtures run with every weight and activation rounded to float16.

``python -m tests.precision FOLDER`` prints the error of each array relative to the official float32 numbers.
"""
