"""Times the model card's own program: Python transformers answering a question about an image. Prints one JSON line.

    python transformers_vqa.py MODEL IMAGE [--dtype bfloat16] [--device cuda] [--batch 16] [--compile]

The members are those of `blip bench --json` where both measure the same.
"""
import argparse
import json
import resource
import statistics
import time

START = time.perf_counter()
QUESTION = "how many dogs are there in the picture?"

arguments = argparse.ArgumentParser()
arguments.add_argument("model", help="a folder with a checkpoint, or an id on the hub")
arguments.add_argument("image")
arguments.add_argument("--dtype", default="float32")
arguments.add_argument("--device", default="cpu")
arguments.add_argument("--batch", type=int, default=1, help="how often the image and the question are asked at once")
arguments.add_argument("--tokens", type=int, default=2, help="tokens in an answer, no more and no fewer")
arguments.add_argument("--rounds", type=int, default=9)
arguments.add_argument("--compile", action="store_true", help="compile the vision network")
options = arguments.parse_args()

import torch
from PIL import Image
from transformers import BlipForQuestionAnswering, BlipProcessor

dtype = getattr(torch, options.dtype)
model = BlipForQuestionAnswering.from_pretrained(options.model, dtype=dtype).eval().to(options.device)
processor = BlipProcessor.from_pretrained(options.model)
if options.compile:
    model.vision_model.forward = torch.compile(model.vision_model.forward)


def wait():
    if options.device != "cpu":
        torch.cuda.synchronize()


def prepare():
    images = [Image.open(options.image).convert("RGB")] * options.batch
    return processor(images, [QUESTION] * options.batch, return_tensors="pt").to(options.device, dtype)


def ask():
    with torch.no_grad():
        ids = model.generate(**prepare(), max_new_tokens=options.tokens, min_new_tokens=options.tokens)
    wait()
    return processor.decode(ids[0], skip_special_tokens=True)


def median_ms(run):
    times = []
    for _ in range(options.rounds):
        begin = time.perf_counter()
        run()
        wait()
        times.append(time.perf_counter() - begin)
    return round(statistics.median(times) * 1000, 1)


answer = ask()
start_ms = round((time.perf_counter() - START) * 1000)
ask()
pixels = prepare().pixel_values
with torch.no_grad():
    print(json.dumps({
        "answer": answer,
        "start_to_first_answer_ms": start_ms,
        "first_question_ms": {"median": median_ms(ask)},
        "stages_ms": {"vision": median_ms(lambda: model.vision_model(pixel_values=pixels))},
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }))
