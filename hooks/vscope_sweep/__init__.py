"""Measures the operators of a model inside vLLM: batches of chosen shapes, and the time of each module.

`driver.py` makes the engine and hands it shots; `extension.py` is what vLLM loads into its worker.
Nothing here is loaded by a vLLM that serves.
"""
