"""Who manages which field: fieldsV1 sets, structured merge and the managers of an object (server-side apply)."""
