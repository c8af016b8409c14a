namespace Slice.Core.Http;

/// <summary>
/// Which validator lets slices that were fetched at different times be one object (B25, RFC 9110 §8.8.1). An object with a weaker one
/// is sliced all the same, but is fetched anew as a whole when it is no longer fresh.
/// </summary>
public enum ValidatorStrength
{
    /// <summary>
    /// A strong entity tag, unless Last-Modified is of the second of Date; or a Last-Modified that lies at least a second before Date.
    /// </summary>
    Strict,

    /// <summary>A strong entity tag only: for origins whose file dates are not to be trusted, or say nothing about the tag.</summary>
    EntityTag,

    /// <summary>
    /// Also a Last-Modified of the last second and a weak entity tag, and no entity tag is compared where there is a date: for addresses
    /// that have tags of their own.
    /// </summary>
    LastModified,

    /// <summary>The length alone, whatever else an origin states. What changes without changing its length is then mixed.</summary>
    Length,
}
