"""What the fuzzer does not try: to fill the box with channels on air, and to take away what it tries the rest on."""

import schemathesis

CHANNEL = "main-hall"


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    operation = context.operation
    if not path_parameters or "slug" not in path_parameters:
        return path_parameters
    whole = operation.method.upper() == "DELETE" and operation.path.endswith("{slug}")
    # Most of what is made up is no channel: every other time it is one.
    if whole and path_parameters["slug"] == CHANNEL:
        path_parameters["slug"] = "spare"
    elif not whole and len(str(path_parameters["slug"])) % 2:
        path_parameters["slug"] = CHANNEL
    return path_parameters


@schemathesis.hook
def map_body(context, body):
    operation = context.operation
    if operation.path.endswith("/channels") and operation.method.upper() == "POST" and isinstance(body, dict):
        body["start"] = False
    return body
