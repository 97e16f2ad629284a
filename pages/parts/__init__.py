"""What pages share. Pages call `zoo` through `cached`, remember through `state`, and draw through the rest."""
