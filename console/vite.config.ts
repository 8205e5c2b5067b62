import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

/** The script that sets the theme stands alone in the head, so that it runs before anything is painted. */
function themeScript(): Plugin {
  const source = 'src/theme.js';
  let building = false;
  let reference = '';
  return {
    name: 'theme-script',
    config: (_, { command }) => {
      building = command === 'build';
    },
    buildStart() {
      if (building) reference = this.emitFile({ type: 'asset', name: 'theme.js', source: readFileSync(source) });
    },
    transformIndexHtml: {
      order: 'post',
      handler(_, { bundle }) {
        const built = Object.values(bundle ?? {}).find((file) => file.type === 'asset' && file.names.includes('theme.js'));
        if (building && !built) throw new Error(`${source} is not in the bundle (${reference})`);
        return [{ tag: 'script', attrs: { src: `/${built?.fileName ?? source}` }, injectTo: 'head-prepend' }];
      },
    },
  };
}

/** Each file has its compressed forms beside it: the service sends them as they are. */
function compressed(): Plugin {
  const out = 'build';
  return {
    name: 'compressed',
    apply: 'build',
    // The folder is there before it is filled: Cargo looks whether it has changed.
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: '.gitignore', source: '*\n!.gitignore\n' });
    },
    closeBundle() {
      for (const name of readdirSync(out, { recursive: true, encoding: 'utf8' })) {
        const path = join(out, name);
        if (!statSync(path).isFile() || !/\.(js|css|html|svg|json)$/.test(name)) continue;
        const content = readFileSync(path);
        const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
        writeFileSync(`${path}.br`, brotliCompressSync(content, quality));
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [svelte(), themeScript(), compressed()],
  build: {
    outDir: 'build',
    target: 'es2023',
    // No inline script or style may stand in the page: the service's Content-Security-Policy forbids them.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    cssCodeSplit: true,
    reportCompressedSize: false,
  },
  server: {
    // `LICTOR_URL` is a running service, such as that of `cargo xtask up`.
    proxy: Object.fromEntries(
      ['/api', '/healthz', '/readyz'].map((path) => [path, { target: process.env.LICTOR_URL ?? 'http://127.0.0.1:8070' }]),
    ),
  },
});
