"""Who is who: policy, registrars, persons, units, epochs, sheets, cards (store -> actions -> routes)."""
