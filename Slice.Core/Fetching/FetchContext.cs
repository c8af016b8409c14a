using Slice.Core.Caching;
using Slice.Core.Origin;

namespace Slice.Core.Fetching;

/// <summary>What subrequests on behalf of one request look like, and the settings that they go by.</summary>
/// <param name="Template">Target and fields.</param>
/// <param name="Settings">The settings of the request.</param>
public readonly record struct FetchContext(SubrequestTemplate Template, FetchSettings Settings)
{
    /// <summary>What is kept of an answer to the request. Default: that of the settings.</summary>
    public StoredResponseReader Reader { get; init; } = Settings.Reader;
}
