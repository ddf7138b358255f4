"""Tokens by modality: audio, image and video as disjoint parts of plain input, cached input and spoken output."""

from governor.core.provider_usage.draft import Draft

MODALITIES = ("audio", "image", "video")


def place_modalities(draft: Draft) -> dict[str, int]:
    """Return the modalities of a draft as ``Usage`` wants them.

    Providers count a modality in the whole input and again in its cached part: what is cached is taken out of the
    whole. Where they do not say how much of it was cached, it counts as not cached as far as there is room, which is
    the dearer reading; a warning says so.
    """
    given = draft.modalities
    if not any(given.values()):
        return {}
    cached = draft.of("cached_input_tokens")
    plain = draft.of("input_tokens") - cached - draft.of("cache_write_tokens") - draft.of("cache_write_1h_tokens")
    spoken = draft.of("output_tokens") - draft.of("reasoning_tokens")
    placed: dict[str, int] = {}
    for where, room in (("cached", cached), ("input", plain), ("output", spoken)):
        left = max(0, room)
        for modality in MODALITIES:
            tokens = given.get(f"{where}_{modality}", 0)
            if where == "input":
                tokens = max(0, tokens - given.get(f"cached_{modality}", 0))
            fits = min(tokens, left)
            left -= fits
            if fits:
                placed[f"{where}_{modality}"] = fits
            if fits < tokens:
                draft.warnings.append(
                    f"{tokens} {modality} tokens are more than the {fits} that are left of the {where} tokens; "
                    "the rest has no modality"
                )
    return placed
