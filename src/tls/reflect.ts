/** In a module of its own: bundled, a library that is no ES module is loaded after all that are. */
import 'reflect-metadata'
