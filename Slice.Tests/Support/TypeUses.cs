using System.Reflection;
using System.Reflection.Emit;

namespace Slice.Tests.Support;

/// <summary>
/// The types that a type uses, read from the metadata and the instructions of its assembly: bases, interfaces, constraints, fields,
/// signatures, locals, and what its methods name. What the compiler has nested in a type (closures, state machines) counts for that type.
/// Constants leave no trace.
/// </summary>
internal static class TypeUses
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<int, OpCode> s_opCodes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => code.Value & 0xFFFF);

    /// <summary>Every outermost type of the same assembly that <paramref name="type"/> and what is nested in it use, but itself.</summary>
    public static HashSet<Type> Of(Type type)
    {
        HashSet<Type> uses = [];
        AddAllOf(type, uses);
        return [.. uses.Where(used => used.Assembly == type.Assembly).Select(Outermost).Where(used => used != type)];
    }

    /// <summary>The type itself, or the outermost one it is nested in.</summary>
    public static Type Outermost(Type type) => type.DeclaringType is { } outer ? Outermost(outer) : type;

    private static void AddAllOf(Type type, HashSet<Type> uses)
    {
        Add(type.BaseType, uses);
        AddEach(type.GetInterfaces(), uses);
        AddConstraints(type.GetGenericArguments(), uses);
        AddEach(type.GetFields(Declared).Select(field => field.FieldType), uses);
        AddEach(type.GetProperties(Declared).Select(property => property.PropertyType), uses);
        foreach (MethodBase method in type.GetMethods(Declared).Concat<MethodBase>(type.GetConstructors(Declared)))
        {
            AddSignature(method, uses);
            AddBody(method, uses);
        }

        foreach (Type nested in type.GetNestedTypes(Declared))
        {
            AddAllOf(nested, uses);
        }
    }

    private static void AddSignature(MethodBase method, HashSet<Type> uses)
    {
        Add((method as MethodInfo)?.ReturnType, uses);
        AddEach(method.GetParameters().Select(parameter => parameter.ParameterType), uses);
        AddConstraints(method.IsGenericMethod ? method.GetGenericArguments() : [], uses);
    }

    private static void AddBody(MethodBase method, HashSet<Type> uses)
    {
        if (method.GetMethodBody() is not { } body)
        {
            return;
        }

        AddEach(body.LocalVariables.Select(local => local.LocalType), uses);
        var catches = body.ExceptionHandlingClauses.Where(clause => clause.Flags == ExceptionHandlingClauseOptions.Clause);
        AddEach(catches.Select(clause => clause.CatchType!), uses);
        Type[] typeArguments = method.DeclaringType!.GetGenericArguments();
        Type[] methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : [];
        foreach (int token in Tokens(body.GetILAsByteArray()!))
        {
            AddMember(method.Module.ResolveMember(token, typeArguments, methodArguments)!, uses);
        }
    }

    private static void AddMember(MemberInfo member, HashSet<Type> uses)
    {
        Add(member as Type ?? member.DeclaringType, uses);
        Add((member as FieldInfo)?.FieldType, uses);
        Add((member as MethodInfo)?.ReturnType, uses);
        AddEach(member is MethodInfo { IsGenericMethod: true } method ? method.GetGenericArguments() : [], uses);
    }

    // The instructions of ECMA-335 §III.1.2: one or two bytes of code, then an operand whose length the code tells.
    private static IEnumerable<int> Tokens(byte[] il)
    {
        for (int at = 0; at < il.Length;)
        {
            bool isLong = il[at] == 0xFE;
            OpCode code = s_opCodes[isLong ? (il[at] << 8) | il[at + 1] : il[at]];
            at += isLong ? 2 : 1;
            if (code.OperandType is OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType)
            {
                yield return BitConverter.ToInt32(il, at);
            }

            at += code.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(il, at)),
                _ => 4,
            };
        }
    }

    private static void AddConstraints(Type[] arguments, HashSet<Type> uses) =>
        AddEach(
            arguments.Where(argument => argument.IsGenericParameter).SelectMany(argument => argument.GetGenericParameterConstraints()),
            uses);

    private static void AddEach(IEnumerable<Type> types, HashSet<Type> uses)
    {
        foreach (Type type in types)
        {
            Add(type, uses);
        }
    }

    // A list of something is a use of the something.
    private static void Add(Type? type, HashSet<Type> uses)
    {
        if (type is null || type.IsGenericParameter)
        {
            return;
        }

        if (type.HasElementType)
        {
            Add(type.GetElementType(), uses);
        }
        else
        {
            uses.Add(type.IsGenericType ? type.GetGenericTypeDefinition() : type);
            AddEach(type.GetGenericArguments(), uses);
        }
    }
}
