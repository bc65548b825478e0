// Chromium, and pages that remember what they complained about.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** Software rendering is slow, and the machine may be building something beside. */
export const PATIENCE_MS = 45000;

const FLAGS = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--use-gl=angle',
    '--use-angle=swiftshader',
    '--enable-unsafe-swiftshader',
];

export const DESKTOP = { viewport: { width: 900, height: 600 } };
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

export class Browser {
    static async create() {
        const browser = new Browser();
        browser.complaints = [];
        browser.outage = false;
        browser.homes = [];
        browser.contexts = [];
        return browser;
    }

    /** A browser of its own for everybody, with a fresh profile, as two friends would have. */
    async open(url, options = DESKTOP, more_flags = []) {
        const home = mkdtempSync(join(tmpdir(), 'cairn-chromium-'));
        this.homes.push(home);
        const context = await chromium.launchPersistentContext(home, {
            executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
            headless: true,
            args: [...FLAGS, ...more_flags],
            ...options,
        });
        this.contexts.push(context);
        const page = context.pages()[0] ?? (await context.newPage());
        page.setDefaultTimeout(PATIENCE_MS);
        page.on('console', (message) => {
            if (message.type() !== 'error') return;
            // While the server is dead the browser itself reports each failed connection; a page cannot prevent that.
            if (this.outage && /WebSocket connection to .* failed/.test(message.text())) return;
            this.complaints.push(`console: ${message.text()} (${message.location().url})`);
        });
        page.on('pageerror', (error) => this.complaints.push(`exception: ${error.stack ?? error}`));
        page.on('dialog', (dialog) => {
            this.complaints.push(`dialog: ${dialog.message()}`);
            dialog.dismiss().catch(() => {});
        });
        await page.goto(url);
        await entered(page);
        return page;
    }

    async close() {
        for (const context of this.contexts) await context.close().catch(() => {});
        for (const home of this.homes) rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
}

/** Runs `action(world, argument)` in the page. */
export const within = (page, action, argument) =>
    page.evaluate(`(${action})(window.cairnWorld, ${JSON.stringify(argument ?? null)})`);

/**
 * Waits until `test(world, argument)` holds in the page. Asked from outside again and again: waitForFunction would
 * use eval inside of the page, which the page's Content-Security-Policy rightly forbids.
 */
export async function until(page, test, argument) {
    for (const give_up = Date.now() + PATIENCE_MS; ;) {
        if (await within(page, test, argument)) return;
        if (Date.now() > give_up)
            throw new Error(`did not become true within ${PATIENCE_MS} ms: ${test} with ${JSON.stringify(argument)}`);
        await page.waitForTimeout(50);
    }
}

export const entered = (page) => until(page, (world) => world?.state.in_space && world.state.loaded);
