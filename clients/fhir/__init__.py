"""FHIR: consents as other systems of health care write them."""
