// What went wrong, in words a visitor understands.
import { texts } from './i18n'

// The SDK hands over the whole answer of wx.request as `error`: the service's own body is its `data`.
// Where the request never arrived, `status` is 0 or missing.
export function failureOf(result) {
  const error = result.error || {}
  const body = error.data && typeof error.data === 'object' ? error.data : error
  return {
    status: Number(error.status || result.status || 0),
    code: String(body.code || ''),
    message: String(body.message || ''),
  }
}

/** The request may have been carried out although no answer came. */
export function isUncertain(failure) {
  return failure.status === 0 || failure.status >= 500
}

/** Worth trying again by itself. */
export function isPassing(failure) {
  return isUncertain(failure) || failure.status === 408 || failure.status === 429
}

export function describe(failure) {
  if (failure.status === 0) return texts.errorNetwork
  if (failure.status >= 500 || failure.status === 429) return texts.errorServer
  if (failure.status === 401) return texts.errorKey
  if (failure.code === 'PGRST205' || failure.code === '42P01') return texts.errorMissingTable
  return texts.errorRejected(failure.message || String(failure.status))
}
