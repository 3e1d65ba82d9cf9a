/** When the program itself failed: without any of its own parts. */
export const Crashed = () => (
  <main className="screen">
    <section className="card notice" data-tone="danger">
      <h1>The dashboard stopped</h1>
      <p>Something in this page went wrong. The server and its calls are not touched by that.</p>
      <button type="button" className="solid" onClick={() => location.reload()}>
        Open it again
      </button>
    </section>
  </main>
)
