// Colours that belong to somebody: the same on every screen, because they come from the id.

const hash = (text) => {
    let value = 2166136261;
    for (const unit of String(text)) value = Math.imul(value ^ unit.codePointAt(0), 16777619);
    return value >>> 0;
};

export function colorOf(id) {
    const value = hash(id);
    return { hue: value % 360, css: `hsl(${value % 360} 62% 52%)`, dark: `hsl(${value % 360} 55% 34%)` };
}

/** `#rrggbb` from an object's properties, or a calm grey for anything else. */
export const objectColor = (object) =>
    /^#[0-9a-f]{6}$/i.test(object.properties?.color) ? object.properties.color : '#a8a29e';
