"""`python -m web_portal.translations`: bring every catalogue up to date; exit 1 while a word has no translation."""

import sys

from web_portal.translations import catalogues


def main() -> int:
    """Write every catalogue and name what is missing."""
    missing = 0
    for language in catalogues.languages():
        catalogue, path = catalogues.updated(language), catalogues.path_of(language)
        source, compiled = catalogues.written(catalogue)
        path.write_bytes(source)
        path.with_suffix(".mo").write_bytes(compiled)
        found = list(catalogues.problems(catalogue))
        missing += len(found)
        print(f"{path}: {len(catalogue)} words, {len(found)} to do")
        for sentence in found:
            print(f"  {sentence}")
    return int(missing > 0)


if __name__ == "__main__":
    sys.exit(main())
