import math

import agnez

with agnez.init(project="digits", name="first", config={"lr": 0.1, "optimizer": "sgd"}) as run:
    for step in range(200):
        loss = math.exp(-step / 50)
        run.log({"loss": loss, "acc/train": 1 - loss, "acc/val": 0.95 - loss}, step=step)
        if step % 50 == 0:
            rows = [[(x * y + step) % 256 for x in range(64)] for y in range(64)]
            run.log({"sample": agnez.Image(rows)}, step=step)
    run.summary["best"] = 0.95
