import android from '../web/guide/samples/android.txt' with { type: 'text' }
import answer from '../web/guide/samples/answer.txt' with { type: 'text' }
import browser from '../web/guide/samples/browser.txt' with { type: 'text' }
import browserHtml from '../web/guide/samples/browser-html.txt' with { type: 'text' }
import browserInstall from '../web/guide/samples/browser-install.txt' with { type: 'text' }
import curl from '../web/guide/samples/curl.txt' with { type: 'text' }
import flutter from '../web/guide/samples/flutter.txt' with { type: 'text' }
import flutterInstall from '../web/guide/samples/flutter-install.txt' with { type: 'text' }
import go from '../web/guide/samples/go.txt' with { type: 'text' }
import ios from '../web/guide/samples/ios.txt' with { type: 'text' }
import node from '../web/guide/samples/node.txt' with { type: 'text' }
import php from '../web/guide/samples/php.txt' with { type: 'text' }
import python from '../web/guide/samples/python.txt' with { type: 'text' }
import react from '../web/guide/samples/react.txt' with { type: 'text' }
import reactInstall from '../web/guide/samples/react-install.txt' with { type: 'text' }
import reactNative from '../web/guide/samples/react-native.txt' with { type: 'text' }
import reactNativeInstall from '../web/guide/samples/react-native-install.txt' with { type: 'text' }
import webhook from '../web/guide/samples/webhook.txt' with { type: 'text' }
import webhookInstall from '../web/guide/samples/webhook-install.txt' with { type: 'text' }

/** The samples of the integration guide, by the names that the page has for them. */
export const SAMPLES: Record<string, string> = {
  android,
  answer,
  browser,
  'browser-html': browserHtml,
  'browser-install': browserInstall,
  curl,
  flutter,
  'flutter-install': flutterInstall,
  go,
  ios,
  node,
  php,
  python,
  react,
  'react-install': reactInstall,
  'react-native': reactNative,
  'react-native-install': reactNativeInstall,
  webhook,
  'webhook-install': webhookInstall,
}
