/** Texts to paste into a client, each as the client's own documentation has it; the end-to-end tests run them so. */
import type { f } from '../../strings/first-run';

export type Kind = keyof typeof f.client.kinds;

export interface Access {
  url: string;
  database: string;
  login: string;
  key: string;
}

/** A text in single quotes, for a shell. */
function shell(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

export const snippets: Record<Kind, (access: Access) => string> = {
  claude: ({ url, database, login, key }) =>
    JSON.stringify(
      {
        mcpServers: {
          odoo: {
            command: 'uvx',
            args: ['mcp-server-odoo'],
            env: { ODOO_URL: url, ODOO_DB: database, ODOO_USER: login, ODOO_PASSWORD: key, ODOO_YOLO: 'true', ODOO_RPC_TRANSPORT: 'xmlrpc' },
          },
        },
      },
      null,
      2,
    ),
  mcpServerOdoo: ({ url, database, login, key }) =>
    `ODOO_URL=${shell(url)} ODOO_DB=${shell(database)} ODOO_USER=${shell(login)} \\\n` +
    `ODOO_PASSWORD=${shell(key)} ODOO_YOLO=true ODOO_RPC_TRANSPORT=xmlrpc uvx mcp-server-odoo`,
  odooMcp: ({ url, database, login, key }) =>
    `ODOO_URL=${shell(url)} ODOO_DB=${shell(database)} ODOO_USERNAME=${shell(login)} \\\n` +
    `ODOO_PASSWORD=${shell(key)} ODOO_TRANSPORT=xmlrpc uvx odoo-mcp`,
  n8n: ({ url, database, login, key }) => `Site URL: ${url}\nUsername: ${login}\nPassword or API Key: ${key}\nDatabase Name: ${database}`,
  python: ({ url, database, login, key }) =>
    `import xmlrpc.client\n` +
    `url, db, login, key = ${[url, database, login, key].map((text) => JSON.stringify(text)).join(', ')}\n` +
    `uid = xmlrpc.client.ServerProxy(url + "/xmlrpc/2/common").authenticate(db, login, key, {})\n` +
    `odoo = xmlrpc.client.ServerProxy(url + "/xmlrpc/2/mcp", allow_none=True)\n` +
    `print(odoo.execute_kw(db, uid, key, "res.partner", "search_read", [[]], {"fields": ["name"], "limit": 3}))\n`,
  curl: ({ url, database, key }) =>
    `curl ${shell(`${url}/json/2/res.partner/search_read`)} --json '{"fields": ["name"], "limit": 3}' \\\n` +
    `  --header ${shell(`Authorization: bearer ${key}`)} --header ${shell(`X-Odoo-Database: ${database}`)}`,
};
