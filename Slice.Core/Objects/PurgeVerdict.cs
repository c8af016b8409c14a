namespace Slice.Core.Objects;

/// <summary>What the removals since an object was asked for mean for the object; the larger one counts.</summary>
internal enum PurgeVerdict
{
    /// <summary>Nothing.</summary>
    Stays,

    /// <summary>It is to be validated before its next use.</summary>
    Expires,

    /// <summary>It is gone.</summary>
    Goes,
}
