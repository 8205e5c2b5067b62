// A real provider of OpenID Connect on 127.0.0.1. People are in a file that is read at each sign-in:
// {"ada": {"preferred_username": "Ada", "groups": ["staff"]}}. Arguments: port, client id, its secret, where it sends people.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [modules, port, client_id, client_secret, redirect_uri, people] = process.argv.slice(2);
const { resolve } = createRequire(`${modules}/`);
const { default: Provider } = await import(pathToFileURL(resolve('oidc-provider')).href);
const scope = 'openid profile groups';

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id, client_secret, redirect_uris: [redirect_uri] }],
  scopes: scope.split(' '),
  claims: { openid: ['sub'], profile: ['preferred_username'], groups: ['groups'] },
  // The claims of the scopes stand in the ID token.
  conformIdTokenClaims: false,
  cookies: { keys: ['of a test'] },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, ...JSON.parse(readFileSync(people, 'utf8'))[sub] }),
  }),
  // Nobody is asked whether Lictor may know.
  loadExistingGrant: async ({ oidc }) => {
    const { clientId } = oidc.client;
    const grant = new oidc.provider.Grant({ clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope(scope);
    await grant.save();
    return grant;
  },
});
provider.listen(Number(port), '127.0.0.1');
