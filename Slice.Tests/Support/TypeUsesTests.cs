using System.Diagnostics.CodeAnalysis;

namespace Slice.Tests.Support;

/// <summary>Whatever way one type uses another, the layers' test sees it.</summary>
public sealed class TypeUsesTests
{
    [Theory]
    [InlineData(typeof(UsesAsBase))]
    [InlineData(typeof(UsesAsConstraint<>))]
    [InlineData(typeof(UsesAsField))]
    [InlineData(typeof(UsesAsParameter))]
    [InlineData(typeof(UsesInBody))]
    [InlineData(typeof(UsesInClosure))]
    [InlineData(typeof(UsesInIterator))]
    [InlineData(typeof(UsesAsTypeArgument))]
    [InlineData(typeof(UsesInNestedType))]
    public void Use_is_seen(Type type) => Assert.Contains(typeof(Used), TypeUses.Of(type));

    [Fact]
    public void Type_that_uses_nothing_has_no_uses() => Assert.Empty(TypeUses.Of(typeof(Used)));

    // A table of branches is the one instruction of no fixed length: a wrong step over it would read the rest of the body out of line.
    [Fact]
    public void Use_behind_a_table_of_branches_is_seen() => Assert.Contains(typeof(Used), TypeUses.Of(typeof(UsesBehindSwitch)));
}

internal class Used
{
    public static int Count() => 1;
}

internal sealed class UsesAsBase : Used;

internal sealed class UsesAsConstraint<T>
    where T : Used;

internal sealed class UsesAsField
{
    private readonly List<Used[]> _all = [];

    public int Count => _all.Count;
}

internal abstract class UsesAsParameter
{
    public abstract void Take(in Used used);
}

[SuppressMessage("Performance", "CA1822", Justification = "The body counts, not the receiver.")]
internal sealed class UsesInBody
{
    public int Count() => Used.Count();
}

internal sealed class UsesInClosure
{
    public Func<int> Count { get; } = () => Used.Count();
}

internal static class UsesInIterator
{
    public static IEnumerable<int> Counts()
    {
        yield return Used.Count();
    }
}

internal static class UsesAsTypeArgument
{
    public static object[] None() => Array.Empty<Used>();
}

internal static class UsesInNestedType
{
    private static class Inner
    {
        public static int Count() => Used.Count();
    }

    public static int Count() => Inner.Count();
}

internal static class UsesBehindSwitch
{
    public static int Count(int number) => number switch
    {
        0 => 5,
        1 => 7,
        2 => 11,
        3 => 13,
        4 => 17,
        _ => Used.Count(),
    };
}
