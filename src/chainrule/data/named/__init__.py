"""Named data: real tables that chainrule knows by name, fetched once from ordinary packages."""
