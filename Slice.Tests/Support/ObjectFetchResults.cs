using Slice.Core.Fetching;

namespace Slice.Tests.Support;

/// <summary>Looks at results of which the test knows the kind.</summary>
internal static class ObjectFetchResults
{
    public static ObjectFetchResult.Found AsFound(this ObjectFetchResult result) => Assert.IsType<ObjectFetchResult.Found>(result);

    public static ObjectFetchResult.Answered AsAnswered(this ObjectFetchResult result) => Assert.IsType<ObjectFetchResult.Answered>(result);
}
