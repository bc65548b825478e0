// Two browsers on the plugin's page: one waves, the other sees it.   node see_wave.mjs URL
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { chromium } = createRequire(new URL('../browser/package.json', import.meta.url))('playwright-core');
const PATIENCE_MS = 45000;
const url = process.argv[2];
const homes = [];
const contexts = [];
const complaints = [];

async function open() {
    const home = mkdtempSync(join(tmpdir(), 'cairn-authors-'));
    homes.push(home);
    const context = await chromium.launchPersistentContext(home, {
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        headless: true,
        args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
    });
    contexts.push(context);
    const page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(url);
    await page.locator('#send:enabled').waitFor();
    return page;
}

try {
    const anna = await open();
    const ben = await open();
    await anna.fill('#word', 'good morning <b>Ben</b>');
    await anna.click('#send');
    await anna.locator('#waves li', { hasText: 'You: good morning <b>Ben</b> (1)' }).waitFor();
    const heard = await ben.locator('#waves li', { hasText: 'good morning <b>Ben</b> (1)' }).first().textContent();
    if (heard.startsWith('You')) throw new Error(`Ben's page takes Anna's wave for his own: ${heard}`);
    await ben.click('#send');
    await anna.locator('#waves li', { hasText: ': hello (1)' }).waitFor();
    // The browser asks for an icon that nobody has to have.
    const real = complaints.filter((text) => !/404/.test(text));
    if (real.length > 0) throw new Error(`the pages complained:\n${real.join('\n')}`);
    console.log('A wave in one browser is seen in the other.');
} finally {
    for (const context of contexts) await context.close().catch(() => {});
    for (const home of homes) rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
