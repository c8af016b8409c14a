using Slice.Core.Http;

namespace Slice.Net.Origin;

/// <summary>Where the redirects of an object end. Immutable.</summary>
/// <param name="Target">The place of the object.</param>
/// <param name="Vary">Lines of Vary of the redirects on the way.</param>
internal sealed record RedirectEnd(RedirectTarget Target, IReadOnlyList<ForwardedField> Vary);
