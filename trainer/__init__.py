"""Photographs in, checkpoints out.

The rooms, in the order of the data:

What is asked for
    config         every option of a training, in one frozen dataclass
    presets        named configurations
    options        the configuration as options of a command
    settings       the configuration in words: `paper-medium depth=18`

What is read
    layout         a folder's names -> an index of locations
    photograph     a JPEG -> pixels
    prepare/       every photograph read once: index, report, duplicates
    split          which locations are trained on and which are held back
    dataset        locations -> batches
    worker         the processes that read

What learns
    model          four views -> features -> logits, by fusion and depth
    attention      learned weights over views and places
    weights        ImageNet's or other weights to start from
    augmentation   random crops and colours
    target         what each class is answered with
    learner        a batch -> a step: loss, optimiser, schedule, average
    evaluation     how well a model does

What happens
    loop           epochs of steps, saved as they go
    distributed    one process or several
    interruption   SIGTERM and Ctrl-C
    checkpoint     weights as safetensors beside readable JSON
    run            the run folder: who may write it, what was there before
    journal        its tables
    summary        what it has come to, in words

Many trainings
    search/        hyper-parameters, with Optuna
    compare        the command that sets settings side by side
    comparison     what it trains, tests and counts
    table          Markdown, CSV and LaTeX

How commands speak
    command        how they end when something is wrong
    errors         what is meant for a person
    files          files that are whole or absent
    progress       bars

synthetic/         the painted states
"""
