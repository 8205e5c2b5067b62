// Run by scripts.py; `odoo-await` is found through NODE_PATH.
const assert = require("node:assert");
const OdooAwait = require("odoo-await");

const [baseUrl, db, username, password, name] = process.argv.slice(2);

async function story() {
  const odoo = new OdooAwait({ baseUrl, db, username, password });
  await odoo.connect();
  const found = await odoo.search("res.partner", { is_company: true });
  // As in its README, with options left out: it sends an empty string for each of them.
  const read = await odoo.searchRead("res.partner", { is_company: true }, ["name"], { limit: 100, offset: 0 });
  assert.deepStrictEqual(read.map((partner) => partner.id), found);
  const created = await odoo.create("res.partner", { name });
  assert.deepStrictEqual(await odoo.read("res.partner", created, ["name"]), [{ id: created, name }]);
  try {
    await odoo.delete("res.partner", created);
  } catch (error) {
    console.log(JSON.stringify({ found, created, refusal: error.faultString }));
  }
}

story();
