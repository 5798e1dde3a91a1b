"""Remember: departments, catalogue, licences, log leaves, jobs and documents."""
