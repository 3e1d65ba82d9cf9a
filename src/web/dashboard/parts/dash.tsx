/** Where there is nothing to say. */
export const Dash = () => <span className="soft">—</span>

/** Where something might be set and is not. */
export const None = () => <span className="soft">none</span>
