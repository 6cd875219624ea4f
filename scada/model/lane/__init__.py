"""The lane machine: `step(lane, event, timing) -> Step(lane, commands)`, the heart of the product."""
