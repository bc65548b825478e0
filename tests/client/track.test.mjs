// How the page shows others: a little late, between two known positions, whatever their clocks say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Track, shortest, turn } from '../../plugins/world_page/web/js/track.js';

const R0 = [0, 0, 0];
const CLOCK = 5000;
const HERE = 70000;

/** Walks along x at 1 m per 100 ms of the sender's clock, `steps` times; `lag(i)` is how long message i travels. */
function walked(steps, lag = () => 0) {
    const track = new Track();
    track.set([0, 0, 0], R0);
    for (let i = 1; i <= steps; i++) track.push([i, 0, 0], R0, CLOCK + i * 100, HERE + i * 100 + lag(i));
    return track;
}

test('without news it stands where it was put', () => {
    const track = new Track();
    track.set([3, 0, 4], [0, 1, 0]);
    assert.deepEqual(track.at(123456), { p: [3, 0, 4], r: [0, 1, 0], speed: 0 });
});

test('between two positions it is in between', () => {
    const { p, speed } = walked(10).where(HERE + 550);
    assert.ok(Math.abs(p[0] - 5.5) < 0.01, `x = ${p[0]}`);
    assert.ok(Math.abs(speed - 10) < 0.01, `speed = ${speed}`);
});

test('uneven arrival does not make uneven places', () => {
    const track = walked(10, (i) => (i % 2 ? 40 : 0));
    for (let at = 300; at < 900; at += 50) {
        const { p } = track.where(HERE + at);
        assert.ok(Math.abs(p[0] - at / 100) < 0.05, `at ${at}: x = ${p[0]}`);
    }
});

for (const [what, lag] of [
    ['evenly', () => 0],
    ['unevenly', (i) => (i * 37) % 60],
    ['in pairs', (i) => (i % 2 ? 100 : 0)],
]) {
    test(`who sends ten times a second and arrives ${what} is seen walking without stops`, () => {
        const track = new Track();
        track.set([0, 0, 0], R0);
        const arrivals = Array.from({ length: 100 }, (_, i) => ({ i, at: HERE + i * 100 + lag(i) })).sort(
            (a, b) => a.at - b.at,
        );
        let before = null;
        const speeds = [];
        for (let now = HERE; now < HERE + 9500; now += 10) {
            while (arrivals[0]?.at <= now) {
                const { i, at } = arrivals.shift();
                track.push([i, 0, 0], R0, CLOCK + i * 100, at);
            }
            const { p } = track.at(now);
            // The first seconds are for getting to know the sender.
            if (now > HERE + 5000) speeds.push((p[0] - before) / 0.01);
            [before] = p;
        }
        assert.ok(
            Math.min(...speeds) > 8 && Math.max(...speeds) < 12,
            `10 m/s shown as ${Math.min(...speeds)} to ${Math.max(...speeds)}`,
        );
    });
}

test('after the last position it stands still', () => {
    const { p, speed } = walked(10).at(99999);
    assert.deepEqual([p[0], speed], [10, 0]);
});

test('who stood still for long starts from there, not from long ago', () => {
    const track = walked(10);
    track.push([11, 0, 0], R0, CLOCK + 9000, HERE + 9000);
    assert.equal(track.where(HERE + 5000).p[0], 10);
    assert.equal(track.where(HERE + 8850).p[0], 10);
    assert.ok(track.where(HERE + 8999).p[0] > 10.9);
});

test('a sender without a clock is drawn by arrival', () => {
    const track = new Track();
    track.set([0, 0, 0], R0);
    track.push([1, 0, 0], R0, undefined, 1000);
    track.push([2, 0, 0], R0, 0, 1100);
    assert.ok(Math.abs(track.where(1050).p[0] - 1.5) < 0.01);
});

test('a sender whose clock was set back goes on', () => {
    const track = walked(10);
    track.push([20, 0, 0], R0, 10, HERE + 1100);
    assert.equal(track.where(HERE + 1100).p[0], 20);
});

test('a position that overtook its successor is dropped', () => {
    const track = walked(10);
    track.push([-5, 0, 0], R0, CLOCK + 950, HERE + 1010);
    assert.equal(track.at(99999).p[0], 10);
});

test('turns go the short way round', () => {
    assert.ok(Math.abs(shortest((3 / 2) * Math.PI) + Math.PI / 2) < 1e-9);
    const [, y] = turn([0, 3.0, 0], [0, -3.0, 0], 0.5);
    assert.ok(Math.abs(shortest(y - Math.PI)) < 1e-9, `y = ${y}`);
});
