"""Stories of the console: somebody does their work in a real browser, with the real service, a real gate and a real Odoo."""
