using Slice.Core.Origin;

namespace Slice.Core.Fetching;

/// <summary>What subrequests on behalf of one request look like, and the settings that they go by.</summary>
/// <param name="Template">Target and fields.</param>
/// <param name="Settings">The settings of the request.</param>
public readonly record struct FetchContext(SubrequestTemplate Template, FetchSettings Settings);
