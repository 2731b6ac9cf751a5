//! The PostgreSQL cluster that Hearth runs itself.
