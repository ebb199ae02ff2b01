"""Runs a notebook in a real kernel and prints, as JSON, what each code cell gave."""

import json
import sys

import nbclient
import nbformat

notebook = nbformat.read(sys.argv[1], as_version=4)
nbformat.validate(notebook)
nbclient.NotebookClient(notebook, timeout=120).execute()
cells = []
for cell in notebook.cells:
    if cell.cell_type != "code":
        continue
    kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
    texts = [output["data"]["text/plain"] for output in cell.outputs
             if output.output_type == "execute_result"]
    errors = [output.get("text", "") for output in cell.outputs
              if output.output_type == "stream" and output.name == "stderr"]
    cells.append({"source": cell.source, "picture": "image/png" in kinds,
                  "text": "\n".join(texts), "stderr": "".join(errors)})
print(json.dumps(cells))
