export const Brand = () => (
  <p className="brand">
    <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="9" />
      <path d="M10 10h5.5a3.5 3.5 0 0 1 3.5 3.5v5a3.5 3.5 0 0 1-3.5 3.5H10a3.5 3.5 0 0 1-3.5-3.5v-5A3.5 3.5 0 0 1 10 10zM20.5 14.6l4-2.5a.7.7 0 0 1 1.1.6v6.6a.7.7 0 0 1-1.1.6l-4-2.5z" />
    </svg>
    GoLive
  </p>
)
