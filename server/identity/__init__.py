"""Who is who: policy, invitations, endorsements, units and epochs, subject sheets and cards."""
