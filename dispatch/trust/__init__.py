"""Who is trusted, and for what: the centre's authority, nodes' certificates, their enrolment, the site's mandate."""
