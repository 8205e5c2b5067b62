//! Storey 3: whom the control plane asks or tells: Odoo, mail servers, webhooks.

pub mod delivery;
pub mod http;
pub mod mail;
pub mod odoo;
pub mod odoo_models;
pub mod provider;
pub mod smtp;
pub mod webhook;
